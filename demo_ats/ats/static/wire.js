const POLL_MS = 1000;

const wire = document.getElementById("wire");
let shown = "";

async function refresh() {
  const html = await latest();
  if (html === null || html === shown) return;
  const last = newest();
  const { focused, ...scroll } = placeInTable();
  wire.innerHTML = html;
  shown = html;
  table()?.scrollTo(scroll);
  if (focused) table()?.focus({ preventScroll: true });
  for (const row of rows()) row.toggleAttribute("data-new", Number(row.dataset.at) > last);
}

async function latest() {
  try {
    const response = await fetch(wire.dataset.source);
    return response.ok ? await response.text() : null;
  } catch {
    return null; // the ATS restarts: the next poll tells
  }
}

const rows = () => wire.querySelectorAll("[data-at]");
const newest = () => Math.max(0, ...Array.from(rows(), (row) => Number(row.dataset.at)));
const table = () => wire.querySelector(".scroll");

function placeInTable() {
  const { scrollLeft: left, scrollTop: top } = table() ?? {};
  return { left, top, focused: table() !== null && table() === document.activeElement };
}

async function watch() {
  // A link that has the focus would lose it with its row.
  if (!document.hidden && !wire.querySelector("a:focus")) await refresh();
  setTimeout(watch, POLL_MS);
}

watch();
