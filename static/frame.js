// Tells the loader in the ATS's page the frame's height, its state, and that its reader is active.
//
// The messages go through the port that the first message of the parent contains, and only if the
// parent's origin is allowed. Pages may use the loader of an earlier release, so fields may be added
// to messages, but not removed.
{
  const NAME = "candidate-intelligence"
  const HOSTS = document.currentScript.dataset.hosts.split(" ")
  const ACTIVITY = ["keydown", "pointerdown", "pointermove", "wheel"]
  const ACTIVITY_MS = 30_000
  // About the width between the margins of A4 and Letter. Also in widget.css and embed.js.
  const PAPER_PX = 700
  // The printed shape is measured when the height has stayed the same for this long.
  const SETTLED_MS = 100
  // The green in a color. Text that can be read on white has less, even if it is gray.
  const LIGHT_TEXT = 0.68
  // /embed/{token}
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
    // Until the loader has set a new height, a scroll bar would appear and change the width.
    page.style.overflow = "hidden"
  })

  // The rule of `covers` in widget/origins.py.
  const covers = (host, origin) => {
    const [start, end] = host.split("*")
    return end ? origin.startsWith(start) && origin.endsWith(end) : origin === host
  }

  // `color` is the text color of the ATS's page, as color(srgb red green blue). Earlier loaders send
  // "dark" or "light". The frame adopts the page's color scheme, because browsers draw an opaque
  // background under a frame whose scheme is another one.
  const adopt = (color) => {
    const isDark = color === "dark" || color.split(" ")[2] > LIGHT_TEXT
    if (theme === "auto") page.style.colorScheme = isDark ? "dark" : "light"
    if (told.state) tell()
    else tellChanges()
  }

  const tellChanges = () => {
    const { height } = look()
    // The printed shape is not known until `measurePaper` runs.
    if (told.height !== height) paper = ""
    if (told.state !== state()) tell("state", { state: (told.state = state()) })
    if (told.state === "expired" || !height || told.height === height) return
    tell("resize", { height: (told.height = height) })
    clearTimeout(settling)
    settling = setTimeout(measurePaper, SETTLED_MS)
  }

  // Sends the frame's state. A message without a type is no event of the element.
  const tell = (type, detail = {}) => port?.postMessage({ type, detail, ...look() })

  // `path`: what the loader adds to a new session's address, so that the run or the open report is
  // shown again. While the frame is not displayed, its box is empty, and the last height is kept.
  // Computed styles may be empty then too, so none is read.
  const look = () => {
    const box = page.getBoundingClientRect()
    if (box.width && box.height) height = Math.ceil(box.height)
    const scheme = theme === "auto" ? page.style.colorScheme || "light dark" : theme
    const path = ["running", "open"].includes(state()) ? "/run" : ""
    return { height, scheme, path, paper }
  }

  // Measures the shape of the printed report, and tells the loader. When the ATS's page is printed, it
  // cannot measure what is in the frame, and needs a height beforehand. The print rules are applied to
  // the screen, and taken back before the browser draws. data-part: see the end of them in widget.css.
  const measurePaper = () => {
    // The animations of a run would start again.
    if (!port || state() === "running") return
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

  // Asks the loader for a new session if this one has expired. Until then, the screen stays as it is.
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
  // The absolute value, because the clock may be set back.
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
