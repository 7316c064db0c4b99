// Shows the status of its report on each card. Each stream begins with all current statuses, so a
// board that was hidden or offline is up to date as soon as it listens again.
const board = document.querySelector("[data-changes]");
let changes = null;

function listen() {
  if (document.hidden) {
    changes?.close(); // browsers allow a site six connections, and every hidden board would keep one
    changes = null;
  } else if (changes === null) {
    changes = new EventSource(board.dataset.changes);
    changes.onmessage = ({ data }) => show(JSON.parse(data));
  }
}

function show({ candidate_id, html }) {
  const place = document.getElementById(`report-${candidate_id}`);
  if (place && place.innerHTML.trim() !== html.trim()) place.innerHTML = html;
}

document.addEventListener("visibilitychange", listen);
listen();
