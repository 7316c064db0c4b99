// Shows on each card what its report is doing. The server begins with everything that holds now, so
// a board that was hidden, or offline, is right again as soon as it listens.
const board = document.querySelector("[data-changes]");
let changes = null;

function listen() {
  if (document.hidden) {
    changes?.close(); // browsers allow a site six connections, and each hidden board would hold one
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
