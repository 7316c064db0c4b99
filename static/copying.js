// The report as text, as it is on the screen: with its ticks, and without what is filtered out.
{
  const CONFIRMATION_SECONDS = 4
  const BLOCKS = "h1, h2, h3, p, dt, label"

  document.addEventListener("click", ({ target }) => {
    const button = target.closest("#ci-copy")
    if (button) copy(asText(document.getElementById("ci-report"))).then((done) => confirm(button, done))
  })

  // The event needs no permission, which a frame has only where the ATS grants it.
  const copy = async (text) => {
    const put = (event) => {
      event.clipboardData.setData("text/plain", text)
      event.preventDefault()
    }
    document.addEventListener("copy", put, { once: true })
    if (document.execCommand("copy")) return true
    document.removeEventListener("copy", put)
    return navigator.clipboard.writeText(text).then(() => true, () => false)
  }

  const confirm = (button, done) => {
    const said = document.getElementById("ci-copied")
    said.textContent = done ? button.dataset.done : button.dataset.failed
    setTimeout(() => (said.textContent = ""), CONFIRMATION_SECONDS * 1000)
  }

  const asText = (report) =>
    [...report.querySelectorAll(BLOCKS)].filter(isForText).map(line).join("\n").trim() + "\n"

  const isForText = (block) => {
    if (!block.checkVisibility() || block.closest(".on-screen, .reliability, nav")) return false
    return !block.matches("dt") || !block.nextElementSibling.firstElementChild.matches("p")
  }

  const line = (block) => {
    if (block.matches("h2")) return `\n${words(block)}`
    return `${mark(block)}${name(block)}${words(block)}`
  }

  const mark = (block) => {
    const box = block.querySelector("input")
    if (box) return box.checked ? "[x] " : "[ ] "
    const item = block.closest("li")
    if (item?.querySelector("p") !== block) return item ? "  " : ""
    const list = item.parentElement
    return list.matches("ol") ? `${[...list.children].indexOf(item) + 1}. ` : "- "
  }

  const name = (block) => {
    const term = block.parentElement.matches("dd") && block.parentElement.previousElementSibling
    return term && !term.matches(".visually-hidden") ? `${term.textContent}: ` : ""
  }

  const words = (block) => {
    if (block.matches(".signal__source")) return [...block.children].map(source).join(" · ")
    const twin = block.cloneNode(true)
    twin.querySelectorAll(".on-screen").forEach((part) => part.remove())
    return twin.textContent.replace(/[^\S\n]+/g, " ").trim()
  }

  const source = (part) => part.href ?? part.textContent.trim()
}
