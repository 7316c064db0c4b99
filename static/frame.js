// What the page around the frame may know: the height, the state, and that somebody is there.
//
// Only the parent of an allowed origin learns it, through the port that comes with its first message.
// Loaders of earlier releases stay in use: what a message carries may be added to, never dropped.
{
  const NAME = "candidate-intelligence"
  const HOSTS = document.currentScript.dataset.hosts.split(" ")
  const ACTIVITY = ["keydown", "pointerdown", "pointermove", "wheel"]
  const ACTIVITY_MS = 30_000
  const LIGHT_TEXT = 0.68 // the green in it; a grey that can be read on white has less
  const SESSION = location.pathname.split("/", 3).join("/")

  const page = document.documentElement
  const { theme = "auto" } = page.dataset
  const state = () => document.getElementById(NAME).dataset.state
  let port = null
  let told = {}
  let height = 0

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
    if (told.state !== state()) tell("state", { state: (told.state = state()) })
    if (told.state === "expired" || !height || told.height === height) return
    tell("resize", { height: (told.height = height) })
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
    return { height, scheme, path }
  }

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
