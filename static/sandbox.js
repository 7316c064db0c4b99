// In a sandbox without allow-forms, of this frame or of one around it, browsers submit no form and tell
// no script. htmx needs nothing of a submission but its event.
{
  const isForbidden = () => {
    let forbidden = true
    const form = document.createElement("form")
    form.addEventListener("submit", (event) => {
      event.preventDefault()
      event.stopPropagation()
      forbidden = false
    })
    document.head.append(form)
    form.requestSubmit()
    form.remove()
    return forbidden
  }

  if (isForbidden()) {
    console.warn(
      "Candidate Intelligence is in a sandbox that lacks allow-forms. It needs allow-scripts, allow-same-origin, " +
        "allow-forms, allow-modals (to print), allow-popups and allow-popups-to-escape-sandbox (to follow links).",
    )
    document.addEventListener("click", ({ target }) => {
      const submitter = target.closest("button:enabled")
      submitter?.form?.dispatchEvent(new SubmitEvent("submit", { submitter, bubbles: true, cancelable: true }))
    })
  }
}
