// Handles requests that the widget does not answer. A poll and a Cancel are sent again, a report is
// closed in the page, and for any other click a notice says that it failed. An answer without the
// widget in it counts as none, whatever its status: it comes from a proxy or a portal.
{
  const RECONNECT_SECONDS = 5

  const find = (id) => document.getElementById(id)
  const root = () => find("candidate-intelligence")
  const isIn = (state) => root().dataset.state === state
  let retry
  let isCancelPending = false

  const fail = ({ sourceElement }) => {
    if (isIn("open")) return putAway()
    isCancelPending ||= sourceElement.id === "ci-cancel"
    if (isCancelPending) showCancel()
    else say(root().dataset.unanswered)
    clearTimeout(retry)
    retry = setTimeout(reconnect, RECONNECT_SECONDS * 1000)
  }

  const reconnect = () => {
    if (isCancelPending && find("ci-cancel")) htmx.trigger(find("ci-cancel"), "submit")
    else if (isIn("running")) htmx.trigger(root(), "refresh")
  }

  const showCancel = () => {
    find("ci-cancel").querySelector("button").disabled = true
    say(root().dataset.canceling)
  }

  // Closes the report without the server, which works because a closed panel needs no new content. The
  // button becomes what _actions.html draws in the state `closed`.
  const putAway = () => {
    const [form, button] = [find("ci-action"), find("ci-button")]
    root().dataset.state = "closed"
    find("ci-title").hidden = false
    form.action += "/report"
    form.setAttribute("hx-get", form.action)
    button.textContent = button.dataset.view
    button.setAttribute("aria-expanded", "false")
    button.removeAttribute("aria-controls")
    for (const part of root().querySelectorAll("#ci-report, .tools")) part.remove()
    find("ci-status").replaceChildren()
  }

  const say = (sentence) => {
    const stage = find("ci-stage")
    if (stage) stage.textContent = sentence
    else find("ci-status").replaceChildren(find("ci-unanswered").content.cloneNode(true))
  }

  document.addEventListener("htmx:error", ({ detail }) => detail.ctx && fail(detail.ctx))
  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail
    if (ctx.text.includes('id="candidate-intelligence"')) return
    event.preventDefault()
    fail(ctx)
  })
  document.addEventListener("htmx:after:swap", ({ detail }) => {
    if (detail.ctx.sourceElement.id === "ci-cancel") isCancelPending = false
    if (isCancelPending) reconnect()
  })
  document.addEventListener("visibilitychange", () => document.hidden || reconnect())
  addEventListener("online", reconnect)
  addEventListener("pageshow", ({ persisted }) => persisted && reconnect())
}
