// The last one to leave cancels the run.
addEventListener("pagehide", () => {
  navigator.sendBeacon(document.getElementById("candidate-intelligence").dataset.leave)
})
