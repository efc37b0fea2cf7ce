// On a phone there is place for one of the two screens: the tabs say for which. Both stay connected.
const panels = document.querySelector(".panels");
const tabs = document.querySelectorAll("[data-panel]");

for (const tab of tabs) {
  tab.addEventListener("click", () => {
    panels.dataset.shown = tab.dataset.panel;
    for (const each of tabs) each.setAttribute("aria-pressed", String(each === tab));
  });
}
