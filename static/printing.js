// Prints the report's title at the head of each sheet, and has the browser suggest it as a file name.
{
  const page = document.documentElement
  const usual = document.title

  document.addEventListener("click", ({ target }) => {
    if (!target.closest("#ci-print")) return
    page.dataset.printed = "alone" // not as a part of the page around it: widget.css
    print()
  })

  addEventListener("beforeprint", () => {
    const title = document.getElementById("ci-report-title")
    if (!title) return
    document.title = title.textContent
    page.style.setProperty("--report", JSON.stringify(title.textContent))
  })
  addEventListener("afterprint", () => {
    document.title = usual
    delete page.dataset.printed
  })
}
