// A poll that was not answered, or not with a new partial, is asked for again; a click that was not
// answered is said to have failed.
{
  const RECONNECT_SECONDS = 5

  const root = () => document.getElementById("candidate-intelligence")
  const isRunning = () => root()?.dataset.state === "running"
  const refresh = () => isRunning() && htmx.trigger(root(), "refresh")

  const fail = () => {
    say(root().dataset.unanswered)
    setTimeout(refresh, RECONNECT_SECONDS * 1000)
  }

  const say = (sentence) => {
    const stage = document.getElementById("ci-stage")
    if (stage) return (stage.textContent = sentence)
    const notice = document.createElement("p")
    notice.className = "notice"
    notice.textContent = sentence
    document.getElementById("ci-status").replaceChildren(notice)
  }

  document.addEventListener("htmx:error", fail)
  document.addEventListener("htmx:response:error", ({ detail }) => {
    if (detail.ctx.response.status >= 500) fail()
  })
  document.addEventListener("visibilitychange", () => document.hidden || refresh())
  addEventListener("pageshow", ({ persisted }) => persisted && refresh())
}
