// A classic script in <head>: the colours are right before the first paint. Other windows and frames follow by `storage`.
(() => {
  const root = document.documentElement;
  const key = "sendsar-demo-theme";
  const apply = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  const isDark = () => getComputedStyle(root).colorScheme === "dark" || (!root.dataset.theme && prefersDark.matches);
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");

  apply(localStorage.getItem(key));
  addEventListener("storage", (event) => event.key === key && apply(event.newValue));
  addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    const theme = isDark() ? "light" : "dark";
    localStorage.setItem(key, theme);
    apply(theme);
  });
})();
