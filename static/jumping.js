// Follows a link within the report by script: it also scrolls the ATS's page, and adds nothing to the
// history.
document.addEventListener("click", (event) => {
  const link = event.target.closest(".jump")
  if (!link) return
  event.preventDefault()
  const heading = document.querySelector(link.hash)
  heading.scrollIntoView({ block: "start" })
  heading.focus({ preventScroll: true })
})
