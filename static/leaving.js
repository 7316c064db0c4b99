// Leaving the page ends this viewer's lease. When the last viewer has left, the server cancels the run.
// The address names the visit, so a beacon that arrives after a reload has no effect.
addEventListener("pagehide", () => {
  navigator.sendBeacon(document.getElementById("candidate-intelligence").dataset.leave)
})
