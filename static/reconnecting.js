// A poll that was not answered is asked for again; a click that was not answered is said to have
// failed. Nor is it an answer if the widget is not in it: a proxy may speak in its place, or a portal,
// with any status. Nothing of that is shown, or followed.
{
  const RECONNECT_SECONDS = 5

  const root = () => document.getElementById("candidate-intelligence")
  const isRunning = () => root().dataset.state === "running"
  const refresh = () => isRunning() && htmx.trigger(root(), "refresh")
  let retry

  const fail = () => {
    say(root().dataset.unanswered)
    clearTimeout(retry)
    retry = setTimeout(refresh, RECONNECT_SECONDS * 1000)
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
  document.addEventListener("htmx:after:request", (event) => {
    if (event.detail.ctx.text.includes('id="candidate-intelligence"')) return
    event.preventDefault()
    fail()
  })
  document.addEventListener("visibilitychange", () => document.hidden || refresh())
  addEventListener("pageshow", ({ persisted }) => persisted && refresh())
}
