// In a sandbox without allow-forms, browsers submit no form and fire no submit event. htmx needs only
// the event, so this script fires it at each click. It first submits a form to see if that is needed.
{
  let submits = false
  const form = document.createElement("form")
  form.onsubmit = (event) => {
    event.stopPropagation()
    submits = true
    return false
  }
  document.head.append(form)
  form.requestSubmit()
  form.remove()

  if (!submits) {
    console.warn("Candidate Intelligence is in a sandbox that lacks allow-forms.")
    document.addEventListener("click", ({ target }) => {
      const submitter = target.closest("button:enabled")
      submitter?.form?.dispatchEvent(new SubmitEvent("submit", { submitter, bubbles: true, cancelable: true }))
    })
  }
}
