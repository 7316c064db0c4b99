// A jump within the report scrolls the ATS's page as well, and adds no step to its history.
document.addEventListener("click", (event) => {
  const link = event.target.closest(".jump")
  if (!link) return
  event.preventDefault()
  const heading = document.querySelector(link.hash)
  heading.scrollIntoView({ block: "start" })
  heading.focus({ preventScroll: true })
})
