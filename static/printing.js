// Each sheet carries the report's name at its head, and the browser offers it as the file's name.
{
  const page = document.documentElement
  const usual = document.title

  document.addEventListener("click", ({ target }) => target.closest("#ci-print") && print())

  addEventListener("beforeprint", () => {
    const title = document.getElementById("ci-report-title")
    if (!title) return
    document.title = title.textContent
    page.style.setProperty("--report", JSON.stringify(title.textContent))
  })
  addEventListener("afterprint", () => (document.title = usual))
}
