// What the page around the frame may know: the height, the state, and that somebody is there.
//
// Only the parent of an allowed origin learns it, through the port that comes with its first message.
// Loaders of earlier releases stay in use: what a message carries may be added to, never dropped.
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

  // Without one colour scheme on both sides, browsers put an opaque ground under the frame. What comes
  // is the colour of text there, as color(srgb red green blue); from earlier loaders "dark" or "light".
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

  // A message without a type is no event, and still says how the frame looks.
  const tell = (type, detail = {}) => port?.postMessage({ type, detail, ...look() })

  // `path`: where a new session would go on. The height stays while the frame is not rendered; asking
  // for its style would bring nothing then.
  const look = () => {
    const box = page.getBoundingClientRect()
    if (box.width && box.height) height = Math.ceil(box.height)
    const scheme = theme === "auto" ? page.style.colorScheme || "light dark" : theme
    const path = ["running", "open"].includes(state()) ? "/run" : ""
    return { height, scheme, path, paper }
  }

  // Printed with the page around it, the frame is a box of a fixed height, and that page cannot look
  // into it. So the shape of what is printed is told beforehand: print rules are taken for the screen's
  // as well, and back again before anything is drawn.
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

  // The loader gets a new session; until then, what is on the screen stays there.
  document.addEventListener("htmx:before:swap", (event) => {
    if (!port || !isExpired(event.detail.ctx.text)) return
    event.preventDefault()
    tellExpiry()
  })

  // Not by its status, which a proxy may send as well.
  const isExpired = (html) => html.includes('data-state="expired"')
  const tellExpiry = () => tell("state", { state: "expired" })

  // Reading is use of the session as well, and whoever comes back learns whether it is still good.
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
