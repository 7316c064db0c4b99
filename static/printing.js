// Prints the report's title at the top of each sheet, and makes it the document's title meanwhile,
// which browsers suggest as the name of a PDF.
{
  const page = document.documentElement
  const usual = document.title

  document.addEventListener("click", ({ target }) => {
    if (!target.closest("#ci-print")) return
    // widget.css lays the report out differently when the ATS's page is printed with it.
    page.dataset.printed = "alone"
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
