// Tells the page around the frame its height, its state, and that its reader is active.
//
// Only a parent of an allowed origin is told, through the port in its first message. Loaders of
// earlier releases stay in use, so fields may be added to messages, but none removed.
{
  const NAME = "candidate-intelligence"
  const HOSTS = document.currentScript.dataset.hosts.split(" ")
  const ACTIVITY = ["keydown", "pointerdown", "pointermove", "wheel"]
  const ACTIVITY_MS = 30_000
  const PAPER_PX = 700 // also in widget.css and embed.js: about what A4 and Letter leave
  const SETTLED_MS = 100
  const LIGHT_TEXT = 0.68 // the green in it; a grey that can be read on white has less
  const SESSION = location.pathname.split("/", 3).join("/")

  const page = document.documentElement
  const { theme = "auto" } = page.dataset
  const state = () => document.getElementById(NAME).dataset.state
  let port = null
  let told = {}
  let height = 0
  let paper = ""
  let settling

  addEventListener("message", ({ source, origin, data, ports }) => {
    if (source !== parent || !HOSTS.some((host) => covers(host, origin)) || data !== NAME) return
    port = ports[0]
    port.onmessage = ({ data }) => adopt(data)
    told = {}
    page.style.overflow = "hidden" // a scroll bar between two heights would change the width
  })

  // The rule of `covers` in widget/origins.py.
  const covers = (host, origin) => {
    const [start, end] = host.split("*")
    return end ? origin.startsWith(start) && origin.endsWith(end) : origin === host
  }

  // If the colour schemes of page and frame differ, browsers draw an opaque ground under the frame.
  // The message has the page's text colour as color(srgb red green blue), or "dark" or "light" from
  // earlier loaders.
  const adopt = (color) => {
    const isDark = color === "dark" || color.split(" ")[2] > LIGHT_TEXT
    if (theme === "auto") page.style.colorScheme = isDark ? "dark" : "light"
    if (told.state) tell()
    else tellChanges()
  }

  const tellChanges = () => {
    const { height } = look()
    if (told.height !== height) paper = "" // until it is measured
    if (told.state !== state()) tell("state", { state: (told.state = state()) })
    if (told.state === "expired" || !height || told.height === height) return
    tell("resize", { height: (told.height = height) })
    clearTimeout(settling)
    settling = setTimeout(measurePaper, SETTLED_MS)
  }

  // Sends the frame's state. A message without a type is no event of the element.
  const tell = (type, detail = {}) => port?.postMessage({ type, detail, ...look() })

  // `path`: where a new session continues. While the frame is not rendered, its box is empty, and the
  // last height is kept. Computed styles may be empty then too, so none is read.
  const look = () => {
    const box = page.getBoundingClientRect()
    if (box.width && box.height) height = Math.ceil(box.height)
    const scheme = theme === "auto" ? page.style.colorScheme || "light dark" : theme
    const path = ["running", "open"].includes(state()) ? "/run" : ""
    return { height, scheme, path, paper }
  }

  // When the page around it is printed, the frame is a box of fixed height, and that page cannot
  // measure what is in it. So the frame tells its printed shape beforehand: it applies its print rules
  // to the screen, measures, and removes them before the browser draws.
  const measurePaper = () => {
    if (!port || state() === "running") return // whose spinners would start anew
    const rules = printRules(document.styleSheets)
    const take = (medium, width) => {
      for (const { media } of rules) media.mediaText = medium
      page.style.inlineSize = width
    }
    page.dataset.part = ""
    take("all", `${PAPER_PX}px`)
    paper = `${PAPER_PX} / ${Math.ceil(page.getBoundingClientRect().height)}`
    take("print", "")
    tell()
  }

  const printRules = (groups) =>
    [...groups].flatMap((group) =>
      group.media?.mediaText === "print" ? group : printRules(group.cssRules ?? []),
    )

  document.addEventListener("htmx:after:swap", tellChanges)
  new ResizeObserver(tellChanges).observe(page)

  // Asks the loader for a new session. Until it comes, the screen stays as it is.
  document.addEventListener("htmx:before:swap", (event) => {
    if (!port || !isExpired(event.detail.ctx.text)) return
    event.preventDefault()
    tellExpiry()
  })

  // Recognized by its content, because a proxy may answer with the same status.
  const isExpired = (html) => html.includes('data-state="expired"')
  const tellExpiry = () => tell("state", { state: "expired" })

  // Reading counts as use of the session. A reader who comes back learns whether it has expired.
  let seen = 0
  let kept = Date.now()
  const isOver = (then) => Math.abs(Date.now() - then) > ACTIVITY_MS

  const noteActivity = () => {
    if (isOver(seen)) {
      seen = Date.now()
      tell("activity")
    }
    if (isOver(kept)) {
      kept = Date.now()
      keepSession().catch(() => {})
    }
  }

  const keepSession = async () => {
    const answer = await fetch(SESSION, { headers: { "HX-Request": "true" } })
    if (port && isExpired(await answer.text())) tellExpiry()
  }

  for (const type of ACTIVITY) addEventListener(type, noteActivity, { passive: true, capture: true })
}
