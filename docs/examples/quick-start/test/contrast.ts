/** A text that is hard to read. */
export interface FaintText {
  readonly text: string;
  readonly color: string;
  readonly background: string;
  readonly ratio: number;
}

/**
 * Runs inside a page: every visible text whose contrast with what lies behind it is below 4.5 (WCAG 2.2, 1.4.3), and
 * every text field whose outline is below 3 (1.4.11). Disabled controls need none.
 */
export const findFaintText = (): FaintText[] => {
  type Rgb = readonly [number, number, number];
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (canvas === null) throw new Error("unable to read colours; there is no canvas");

  const paint = (color: string, under: Rgb): Rgb => {
    canvas.fillStyle = `rgb(${under.join(" ")})`;
    canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = canvas.getImageData(0, 0, 1, 1).data;
    return [red, green, blue];
  };
  const backgroundOf = (element: Element | null): Rgb => {
    if (element === null) return [255, 255, 255];
    return paint(getComputedStyle(element).backgroundColor, backgroundOf(element.parentElement));
  };
  const luminanceOf = (rgb: Rgb): number => {
    const [red = 0, green = 0, blue = 0] = rgb.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ratioOf = (a: Rgb, b: Rgb): number => {
    const [dark = 0, light = 0] = [luminanceOf(a), luminanceOf(b)].toSorted((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };

  const found: FaintText[] = [];
  const check = (element: Element, text: string, color: string, background: Rgb, ratioMin: number): void => {
    const ratio = ratioOf(paint(color, background), background);
    if (ratio < ratioMin) found.push({ text, color, background: background.join(" "), ratio });
  };
  for (const element of document.querySelectorAll("body *")) {
    const style = getComputedStyle(element);
    const isShown = element.checkVisibility({ visibilityProperty: true }) && style.clipPath === "none";
    if (!isShown || element.matches(":disabled, :disabled *, svg, svg *")) continue;
    const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
    const text = own.map((node) => node.textContent?.trim()).join("");
    if (text !== "") check(element, text, style.color, backgroundOf(element), 4.5);
    if (element.matches("textarea")) {
      check(element, "placeholder", getComputedStyle(element, "::placeholder").color, backgroundOf(element), 4.5);
      check(element, "outline", style.borderTopColor, backgroundOf(element.parentElement), 3);
    }
  }
  return found;
};
