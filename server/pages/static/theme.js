// Runs before the page is drawn, so that a chosen theme never flashes and no failing picture is missed.
(function () {
  "use strict";
  const root = document.documentElement;
  function stored() {
    try {
      return window.localStorage.getItem("swath-theme");
    } catch (error) {
      // Storage is refused in some private windows; then the choice lasts as long as the page.
      return null;
    }
  }
  const chosen = stored();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;

  function isDark() {
    if (root.dataset.theme) return root.dataset.theme === "dark";
    return window.matchMedia("(prefers-color-scheme: dark)").matches;
  }

  // A thumbnail that cannot be made steps aside for the card's own pattern. Errors do not bubble.
  document.addEventListener("error", function (event) {
    if (event.target instanceof HTMLImageElement) event.target.classList.add("broken");
  }, true);

  document.addEventListener("click", function (event) {
    if (!(event.target instanceof Element) || !event.target.closest("[data-theme-toggle]")) return;
    const next = isDark() ? "light" : "dark";
    root.dataset.theme = next;
    try {
      window.localStorage.setItem("swath-theme", next);
    } catch (error) {
      console.info("The theme is not remembered:", error.message);
    }
    document.dispatchEvent(new CustomEvent("swath:theme"));
  });
})();
