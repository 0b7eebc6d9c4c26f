// The list of services: a filter over many cards.

const filter = document.querySelector("[data-filter]");
filter?.addEventListener("input", () => {
  const wanted = filter.value.trim().toLowerCase();
  let shown = 0;
  for (const card of document.querySelectorAll("[data-card]")) {
    card.hidden = !card.textContent.toLowerCase().includes(wanted);
    shown += card.hidden ? 0 : 1;
  }
  document.querySelector("[data-no-match]").hidden = shown > 0;
});
