// Keeps the log up to date, and opens a call or an event in a dialog above it.
const POLL_MS = 1000;

const wire = document.getElementById("wire");
const sheet = document.getElementById("sheet");
let shown = "";

async function refresh() {
  const html = await text(wire.dataset.source);
  // While the sheet is open, the log stays: focus returns to the link in it that opened the sheet.
  if (html === null || html === shown || sheet.open) return;
  const last = newest();
  const { focused, ...scroll } = place();
  wire.innerHTML = html;
  shown = html;
  table()?.scrollTo(scroll);
  document.getElementById(focused)?.focus({ preventScroll: true });
  for (const row of rows()) row.toggleAttribute("data-new", Number(row.dataset.at) > last);
}

async function text(address) {
  try {
    const response = await fetch(address);
    return response.ok ? await response.text() : null;
  } catch {
    return null; // the ATS may be restarting, and the next poll tries again
  }
}

const rows = () => wire.querySelectorAll("[data-at]");
const newest = () => Math.max(0, ...Array.from(rows(), (row) => Number(row.dataset.at)));
const table = () => wire.querySelector(".scroll");

function place() {
  const { scrollLeft: left, scrollTop: top } = table() ?? {};
  const focused = wire.contains(document.activeElement) ? document.activeElement.id : "";
  return { left, top, focused };
}

async function watch() {
  if (!document.hidden) await refresh();
  setTimeout(watch, POLL_MS);
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-exchange]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const page = new DOMParser().parseFromString((await text(link.href)) ?? "", "text/html");
  const exchange = page.getElementById("exchange");
  if (exchange === null) return location.assign(link.href);
  document.getElementById("sheet-content").replaceChildren(document.adoptNode(exchange));
  sheet.showModal();
});

watch();
