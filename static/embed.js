// <candidate-intelligence session-url="/path">: shows a candidate's report in an iframe.
// Documented in docs/embed.md. widget/loader.py serves it without comments and indentation.
{
  const NAME = "candidate-intelligence"

  // How long a session may take: the ATS's answer, the frame's page, and its first message.
  const LIMIT_MS = 10_000
  const PAUSE_MS = 1_000
  const ATTEMPTS = 6
  // If a session lasted longer, its end counts as expiry, not as failure.
  const STEADY_MS = 20_000

  // For each reason of ci-error: the slot for the ATS's own text, our text, and whether trying again
  // may help.
  const REASONS = {
    unreachable: ["unavailable", "Candidate Intelligence cannot be reached right now. ", true],
    unauthenticated: ["unauthenticated", "Log in again to see Candidate Intelligence. ", true],
    refused: ["refused", "Candidate Intelligence cannot be opened here."],
    forbidden: ["forbidden", ""],
  }

  // Reasons by the status of session-url's answer. A redirect is not followed, and has status 0.
  const REFUSALS = { 0: "unauthenticated", 401: "unauthenticated", 403: "forbidden", 404: "forbidden" }

  // Content-Security-Policies do not restrict style sheets that a script constructs.
  //
  // The ATS's style sheets style the element, but nothing in its shadow. In the shadow, the
  // outline-color of the room is light if the page is dark. A transition shows when that changes, and
  // an animation when the element is displayed again. The pseudo-element before it has a width, for
  // containers that shrink to fit their content.
  const STYLE = new CSSStyleSheet()
  STYLE.replaceSync(`
    :host(:not([hidden])) { display: block }
    :host, #room { flex: 1 1 0 }
    #room {
      outline-color: color-mix(in srgb, light-dark(currentColor, #fff), #fff 0%);
      transition: 1ms;
      animation: show 1ms;
    }
    @keyframes show {}
    #room::before { content: ""; display: grid; grid: 0 / minmax(12rem, 100vw); max-width: 100% }
    iframe { display: block; width: 100%; max-width: 100vw; height: 0; border: 0 }
    @media print { iframe[style*=aspect] { max-width: 700px; height: auto !important } }
    [part=loading] { height: 3rem; background: currentColor; opacity: .06 }
    [part=notice] { padding: .75rem 0 }
  `)

  class CandidateIntelligence extends HTMLElement {
    static observedAttributes = ["session-url", "session-headers"]
    #life
    // What is displayed. It is kept when the element is moved within the page.
    #view = {}

    connectedCallback() {
      this.disconnectedCallback()
      if (!this.isConnected) return
      const url = this.getAttribute("session-url")
      if (this.#view.url !== url) this.#view = { url }
      this.#life = new AbortController()
      live(this, this.shadowRoot ?? this.attachShadow({ mode: "open" }), this.#life.signal, this.#view)
    }

    disconnectedCallback() {
      this.#life?.abort()
    }

    // Called by moveBefore(). Firefox reloads the frame then, other browsers keep it.
    connectedMoveCallback() {
      const { frame, content } = this.#view
      if (frame?.contentWindow !== content) this.connectedCallback()
    }

    attributeChangedCallback(name, before, now) {
      if (before === now) return
      if (name === "session-url") this.#view.isGood = false
      this.retry()
    }

    retry = () => this.#view.isGood || this.connectedCallback()

    // An ATS whose request needs more than headers may replace it, on one element or on the prototype.
    get request() {
      return this.own ?? ask
    }

    set request(own) {
      this.own = own
      this.retry?.()
    }
  }

  // `this` is the element.
  function ask() {
    try {
      const url = new URL(this.getAttribute("session-url") || "about:", document.baseURI)
      const headers = JSON.parse(this.getAttribute("session-headers") ?? "{}")
      if (url.origin === origin && !Array.isArray(headers)) return new Request(url, { method: "POST", headers })
    } catch {}
    stop("refused", `session-url must be on ${origin}, and session-headers a JSON object`)
  }

  // Runs from when the element is connected to a page until `signal` aborts, when it has left.
  const live = (host, root, signal, view) => {
    let port, timer, pending, canWake
    let isLeft = false
    let resume = () => {}

    const loading = make("div", { part: "loading" })
    const words = make("slot")
    const again = make("button", { part: "retry", onclick: () => resume() }, make("slot", { name: "retry" }, "Try again"))
    const notice = make("div", { part: "notice", role: "status", hidden: true }, words, again)
    const room = make("div", { id: "room" }, loading, notice)
    if (view.path) loading.style.height = view.height
    root.replaceChildren(room)

    const near = new IntersectionObserver((entries) => {
      if (!entries.at(-1).isIntersecting) return
      near.disconnect()
      run()
    }, { rootMargin: "50%" })

    const on = (target, types, listener) =>
      types.forEach((type) => target.addEventListener(type, listener, { signal }))
    on(window, ["online", "visibilitychange"], () => canWake && resume())
    // When a page is left, Firefox aborts its requests before pagehide.
    on(window, ["beforeunload", "pagehide"], () => (isLeft = true))
    on(room, ["transitionend", "animationend"], () => port?.postMessage(color()))
    signal.onabort = () => {
      near.disconnect()
      clearTimeout(timer)
      root.replaceChildren()
      view.frame = view.isGood = null
    }

    const run = async () => {
      for (let failures = 0; ; failures++) {
        const since = Date.now()
        const error = await new Promise((end) => open(end).catch(end))
        if (signal.aborted) return
        pending = pending?.remove()
        if (Date.now() - since > STEADY_MS) failures = 0
        const reason = error?.reason in REASONS ? error.reason : "unreachable"
        const isOutage = reason === "unreachable"
        canWake = REASONS[reason][2]
        if (!isLeft && (failures || !view.frame || !isOutage)) say(reason, error)
        isLeft = false
        await new Promise((resolve) => {
          resume = resolve
          const pause = PAUSE_MS * 2 ** failures * (0.5 + Math.random())
          if (isOutage && failures < ATTEMPTS) timer = setTimeout(resolve, pause)
        })
      }
    }

    // Opens a session, and calls `end` when it has expired. If it cannot be opened, rejects or calls
    // `end`.
    const open = async (end) => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)])
      let awaited = "session-url"
      limit.onabort = () => end(Error(`no answer from ${awaited}`))

      if (host.ownerDocument !== document) stop("refused", "it cannot be moved to another window")
      const request = await host.request()
      const url = await embedUrl(await fetch(request, { signal: limit, redirect: "manual" }), view.frame?.src)
      awaited = `the frame: is ${origin} in WIDGET_ALLOWED_ORIGINS of ${url.origin}?`
      url.pathname += view.path ?? ""
      // A new frame, because a new address in the old one would be an entry in the page's history.
      const frame = make("iframe", {
        src: url,
        title: "Candidate Intelligence",
        allow: "clipboard-write",
        sandbox: "allow-scripts allow-same-origin allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox",
        part: "frame",
      })
      frame.onload = () => {
        const { port1, port2 } = new MessageChannel()
        frame.contentWindow.postMessage(NAME, url.origin, [port2])
        port1.postMessage(color())
        port1.onmessage = ({ data: { type, detail, ...seen } }) => {
          if (!frame.isConnected) return
          if (detail.state === "expired") {
            end(Error("the session has expired"))
            resume()
          } else {
            limit.onabort = null
            port = port1
            show(frame, seen)
          }
          if (type) fire(type, detail)
        }
      }
      room.append((pending = frame))
    }

    const show = (frame, { height, scheme, path, paper }) => {
      if (frame === pending) {
        const focused = root.activeElement
        view.frame?.remove()
        view.frame = frame
        pending = null
        if (focused) frame.focus({ preventScroll: true })
        loading.hidden = notice.hidden = view.isGood = true
      }
      if (height) frame.style.height = `${height}px`
      frame.style.colorScheme = scheme
      frame.style.aspectRatio = paper
      Object.assign(view, { path, height: frame.style.height, content: frame.contentWindow })
    }

    const say = (reason, error) => {
      if (reason === "forbidden") view.frame = view.frame?.remove()
      view.isGood = false
      loading.hidden = true
      ;[words.name, words.textContent] = REASONS[reason]
      again.hidden = !canWake
      notice.hidden = !words.assignedNodes({ flatten: true }).length
      console.warn(`<${NAME}> ${reason}:`, error)
      fire("error", { error, reason })
    }

    const color = () => getComputedStyle(room).outlineColor

    const fire = (type, detail) =>
      host.dispatchEvent(new CustomEvent(`ci-${type}`, { detail, bubbles: true, composed: true }))

    if (host.ownerDocument === document) {
      root.adoptedStyleSheets = [STYLE]
      near.observe(room)
    } else run()
  }

  // The address in session-url's answer. Its origin must be that of the address `before`.
  const embedUrl = async (answer, before) => {
    const { ok, status } = answer
    let reason = REFUSALS[status] ?? (status < 500 ? "refused" : "unreachable")
    if (ok) {
      const text = await answer.text()
      reason = "unauthenticated"
      try {
        const body = JSON.parse(text)
        reason = "refused"
        const url = new URL(body.embed_url)
        if (/^http/.test(url) && url.origin === new URL(before ?? url).origin) return url
      } catch {}
    }
    stop(reason, `session-url answered ${status} without an embed_url of the widget`)
  }

  const stop = (reason, message) => {
    throw Object.assign(Error(message), { reason })
  }

  const make = (tag, properties, ...children) => {
    const node = Object.assign(document.createElement(tag), properties)
    node.append(...children)
    return node
  }

  customElements.get(NAME) ?? customElements.define(NAME, CandidateIntelligence)
}
