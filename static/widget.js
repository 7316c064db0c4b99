// What HTML and htmx cannot say: the seconds that pass, a lost connection, and leaving.

const ROOT = "candidate-intelligence"
const RECONNECT_SECONDS = 5

const root = () => document.getElementById(ROOT)
const isRunning = () => root()?.dataset.state === "running"

// Time elapsed, counted on from what the server last said.
let shown = null
setInterval(() => {
  const time = document.getElementById("ci-elapsed")
  if (!time) return (shown = null)
  const said = Number(time.dataset.elapsed)
  if (!shown || shown.said !== said) shown = { said, at: performance.now() }
  const seconds = said + Math.floor((performance.now() - shown.at) / 1000)
  time.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`
}, 1000)

// A poll that was not answered, or not with a new partial, is asked for again.
const refresh = () => isRunning() && htmx.trigger(root(), "refresh")
const refreshLater = () => setTimeout(refresh, RECONNECT_SECONDS * 1000)
document.addEventListener("htmx:error", refreshLater)
document.addEventListener("htmx:response:error", ({ detail }) => {
  if (detail.ctx.response.status >= 500) refreshLater()
})
document.addEventListener("visibilitychange", () => document.hidden || refresh())
addEventListener("pageshow", ({ persisted }) => persisted && refresh())

// The last one to leave cancels the run.
addEventListener("pagehide", () => navigator.sendBeacon(root().dataset.leave))
