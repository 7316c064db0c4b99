// Leaving ends this viewer's lease. When the last viewer has left, the server cancels the run.
addEventListener("pagehide", () => {
  navigator.sendBeacon(document.getElementById("candidate-intelligence").dataset.leave)
})
