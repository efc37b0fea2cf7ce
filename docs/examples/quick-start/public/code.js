// Shows the very files that run: all of a file, or the part of it that the documentation quotes.
const quote = (source, region) => {
  const lines = source.trimEnd().split("\n");
  const from = region ? lines.findIndex((line) => line.includes(`docs:start(${region})`)) : 0;
  const to = region ? lines.findIndex((line) => line.includes(`docs:end(${region})`)) : lines.length;
  return lines.slice(from, to).filter((line) => !/docs:(start|end)\(/.test(line));
};

for (const section of document.querySelectorAll("section")) {
  let total = 0;
  for (const block of section.querySelectorAll("[data-source]")) {
    const [path, region] = block.dataset.source.split("#");
    const response = await fetch(path);
    const lines = quote(await response.text(), region);
    block.textContent = response.ok ? lines.join("\n") : "This file cannot be read right now.";
    total += lines.length;
  }
  section.querySelector(".length").textContent = `${total} lines`;
}
