// Copies the report, or a section, as plain text and as HTML: with the reader's ticks, and without
// signals that are filtered out.
{
  const CONFIRMATION_MS = 4_000
  const BLOCKS = "h1, h2, h3, p, dt, label, summary.label"

  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-copy]")
    if (!button || button.disabled) return
    const lines = read(document.getElementById(button.dataset.copy))
    copy(asText(lines), asHTML(lines)).then((done) => confirm(button, done))
  })

  // Tries a copy event first: the clipboard API needs a permission, which the ATS may not grant.
  const copy = async (text, html) => {
    const put = (event) => {
      event.clipboardData.setData("text/plain", text)
      event.clipboardData.setData("text/html", html)
      event.preventDefault()
    }
    document.addEventListener("copy", put, { once: true })
    if (document.execCommand("copy")) return true
    document.removeEventListener("copy", put)
    const blob = (type, content) => ({ [type]: new Blob([content], { type }) })
    const item = new ClipboardItem({ ...blob("text/plain", text), ...blob("text/html", html) })
    return navigator.clipboard.write([item]).then(() => true, () => false)
  }

  const confirm = (button, done) => {
    const { done: yes, failed, usual = button.textContent } = button.dataset
    button.dataset.usual = usual
    // So that a shorter text does not move what is beside the button.
    button.style.minInlineSize = `${button.offsetWidth}px`
    button.textContent = done ? yes : failed
    document.getElementById("ci-copied").textContent = button.textContent
    clearTimeout(confirm.timer)
    confirm.timer = setTimeout(() => {
      document.querySelectorAll("[data-usual]").forEach((each) => (each.textContent = each.dataset.usual))
      document.getElementById("ci-copied").textContent = ""
    }, CONFIRMATION_MS)
  }

  // Unfolds everything for the copy. It is folded again before the browser paints.
  const read = (part) => {
    const folded = [...part.querySelectorAll("details:not([open])")]
    folded.forEach((details) => (details.open = true))
    const lines = [...part.querySelectorAll(BLOCKS)].filter(isForNotes).map(line).filter(({ parts }) => parts.join(""))
    folded.forEach((details) => (details.open = false))
    return lines
  }

  // Not copied: what is hidden or only for the screen, and a term whose value is one line, because
  // `name` puts it in front of that line.
  const isForNotes = (block) => {
    if (!block.checkVisibility() || block.closest(".on-screen, .reliability, nav")) return false
    return !block.matches("dt") || !block.nextElementSibling.firstElementChild.matches("p")
  }

  // `list`: the tag of the list, if the line is the first one of an item. `inItem`: whether it is a
  // later one. `mark`: the item's box, number or bullet. `name`: the term in front of the value.
  const line = (block) => {
    const item = block.closest("li")
    const isFirst = item?.querySelector("p, label") === block
    return {
      heading: /^(H\d|SUMMARY)$/.test(block.tagName) && (block.tagName === "H1" ? "h2" : "h3"),
      list: isFirst ? item.parentElement.tagName.toLowerCase() : "",
      inItem: Boolean(item) && !isFirst,
      mark: isFirst ? mark(block, item) : "",
      name: name(block),
      parts: parts(block),
    }
  }

  const mark = (block, item) => {
    const box = block.querySelector("input")
    if (box) return box.checked ? "[x] " : "[ ] "
    // Counts through the section, because the folded rest of a list is a list of its own.
    const items = [...item.closest("section").querySelectorAll("ol > li")]
    return item.parentElement.matches("ol") ? `${items.indexOf(item) + 1}. ` : "- "
  }

  const name = (block) => {
    const term = block.parentElement.matches("dd") && block.parentElement.previousElementSibling
    return term && !term.matches(".visually-hidden") ? `${term.textContent}: ` : ""
  }

  // A line's parts: texts, and links as [text, address].
  const parts = (block) => {
    if (block.matches(".signal__source")) return [...block.children].map(part)
    // innerText, because a heading may contain counts that are hidden.
    if (block.matches("h2")) return [block.innerText.replace(/\s+/g, " ")]
    const twin = block.cloneNode(true)
    twin.querySelectorAll(".on-screen, .visually-hidden").forEach((each) => each.remove())
    return [twin.firstElementChild?.matches("a") ? part(twin.firstElementChild) : words(twin)]
  }

  const part = (node) => (node.href ? [words(node), node.href] : words(node))
  const words = (node) => node.textContent.replace(/[^\S\n]+/g, " ").trim()

  const asText = (lines) => {
    const text = lines.map(({ heading, inItem, mark, name, parts }) => {
      const said = parts.map((each) => (Array.isArray(each) ? each[1] : each)).join(" · ")
      return `${heading === "h3" ? "\n" : ""}${inItem ? "  " : ""}${mark}${name}${said}`
    })
    return `${text.join("\n").trim()}\n`
  }

  const asHTML = (lines) => {
    const note = document.createElement("div")
    let list
    for (const { heading, list: tag, inItem, mark, name, parts } of lines) {
      if (!tag && !inItem) list = null
      if (tag && !list) note.append((list = document.createElement(tag)))
      const block = document.createElement(heading || (tag ? "li" : "p"))
      // Lists in HTML have numbers and bullets of their own, but no boxes.
      if (mark.startsWith("[")) block.append(mark)
      block.append(name, ...parts.flatMap((each, index) => [index ? " · " : "", link(each)]))
      if (inItem && list?.lastElementChild) list.lastElementChild.append(document.createElement("br"), ...block.childNodes)
      else (tag ? list : note).append(block)
    }
    return note.innerHTML
  }

  const link = (part) => {
    if (!Array.isArray(part)) return part
    const [text, href] = part
    return Object.assign(document.createElement("a"), { href, textContent: text })
  }
}
