// Each sheet carries the report's name at its head, and the browser offers it as the file's name.
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
