// <candidate-intelligence session-url="/path">: a candidate's report, in an iframe of its own.
// docs/embed.md says what it does. widget/loader.py serves it, without comments and indentation.
{
  const NAME = "candidate-intelligence"

  // For a session, its frame, and the frame's answer.
  const LIMIT_MS = 10_000
  const FIRST_PAUSE_MS = 1_000
  const ATTEMPTS = 6
  // A session that lasted so long had not failed.
  const STEADY_MS = 20_000

  // A style sheet made by script is what an ATS's Content-Security-Policy has nothing against.
  // outline-color says in which colour scheme the page is here, and its transition when that changes.
  const STYLE = new CSSStyleSheet()
  STYLE.replaceSync(`
    :host { display: block; outline-color: light-dark(#fff, #000); transition: outline-color 1ms }
    [hidden], :host([hidden]) { display: none }
    iframe { display: block; width: 100%; height: 0; border: 0 }
    [part=loading] { height: 3rem; background: currentColor; opacity: .06 }
    [part=notice] { padding: .75rem 0 }
  `)

  class CandidateIntelligence extends HTMLElement {
    static observedAttributes = ["session-url"]
    #life

    constructor() {
      super()
      this.attachShadow({ mode: "open" }).adoptedStyleSheets = [STYLE]
    }

    connectedCallback() {
      this.disconnectedCallback()
      if (!this.getAttribute("session-url")) return
      this.#life = new AbortController()
      live(this, this.shadowRoot, this.#life.signal)
    }

    disconnectedCallback() {
      this.#life?.abort()
    }

    attributeChangedCallback(name, before, now) {
      if (before !== now && this.isConnected) this.connectedCallback()
    }

    // To be overridden where the ATS wants more than its cookies.
    request() {
      return new Request(this.getAttribute("session-url"), { method: "POST" })
    }
  }

  // From the element's arrival in a page until `signal` says that it has left.
  const live = (element, shadow, signal) => {
    let frame, port, timer
    let path = ""
    let resume = () => {}

    const loading = make("div", { part: "loading" })
    const notice = make("div", { part: "notice", role: "status", hidden: true },
      make("slot", { name: "unavailable" }, "Candidate Intelligence cannot be reached right now. "),
      make("button", { part: "retry", onclick: () => resume() }, make("slot", { name: "retry" }, "Try again")))
    shadow.replaceChildren(loading, notice)

    const near = new IntersectionObserver((entries) => {
      if (!entries.at(-1).isIntersecting) return
      near.disconnect()
      run()
    }, { rootMargin: "50%" })
    near.observe(element)

    const on = (target, type, listener) => target.addEventListener(type, listener, { signal })
    on(window, "online", () => resume())
    on(document, "visibilitychange", () => resume())
    on(element, "transitionend", () => port?.postMessage(scheme()))
    signal.onabort = () => {
      near.disconnect()
      clearTimeout(timer)
      shadow.replaceChildren()
    }

    const run = async () => {
      for (let failures = 0; ; failures++) {
        const since = Date.now()
        const error = await session().catch((error) => error)
        if (signal.aborted) return
        if (Date.now() - since > STEADY_MS) failures = 0
        if (failures || !frame) {
          loading.hidden = true
          notice.hidden = false
          fire("error", { error })
        }
        await new Promise((resolve) => {
          resume = resolve
          const pause = FIRST_PAUSE_MS * 2 ** failures * (0.5 + Math.random())
          if (failures < ATTEMPTS) timer = setTimeout(resolve, pause)
        })
      }
    }

    // Rejects in the end: when the session expires, or when it does not come.
    const session = async () => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)])
      const answer = await fetch(await element.request(), { signal: limit })
      if (!answer.ok) throw Error(`session-url answered ${answer.status}`)
      const url = new URL((await answer.json()).embed_url)
      url.pathname += path
      // Never a new address for the old frame, as the Back button would lead to it.
      const next = make("iframe", {
        src: url,
        title: "Candidate Intelligence",
        allow: "clipboard-write",
        sandbox: "allow-scripts allow-same-origin allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox",
        part: "frame",
      })
      shadow.append(next)
      try {
        await new Promise((_, reject) => {
          limit.onabort = () => next === frame || reject(limit.reason)
          next.onload = () => {
            const { port1, port2 } = new MessageChannel()
            next.contentWindow.postMessage(NAME, url.origin, [port2])
            port1.postMessage(scheme())
            port1.onmessage = ({ data: { type, detail, ...seen } }) => {
              if (!next.isConnected) return
              if (detail.state === "expired") {
                reject(Error("The session has expired"))
                resume()
              } else show(next, port1, seen)
              if (type) fire(type, detail)
            }
          }
        })
      } finally {
        if (next !== frame) next.remove()
      }
    }

    const show = (next, channel, seen) => {
      if (next !== frame) {
        const focused = shadow.activeElement
        frame?.remove()
        frame = next
        if (focused) frame.focus({ preventScroll: true })
        loading.hidden = notice.hidden = true
      }
      port = channel
      path = seen.path
      frame.style.height = `${seen.height}px`
      frame.style.colorScheme = seen.scheme
    }

    const fire = (type, detail) =>
      element.dispatchEvent(new CustomEvent(`ci-${type}`, { detail, bubbles: true, composed: true }))

    const scheme = () => (getComputedStyle(element).outlineColor === "rgb(0, 0, 0)" ? "dark" : "light")
  }

  const make = (tag, properties, ...children) => {
    const node = Object.assign(document.createElement(tag), properties)
    node.append(...children)
    return node
  }

  customElements.get(NAME) ?? customElements.define(NAME, CandidateIntelligence)
}
