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
  // The ATS's style sheets apply to the element itself, but to nothing in its shadow root.
  //
  // #room draws no outline. Its outline-color tells the frame whether the page is dark: it is the
  // page's text color or, if the color scheme is dark, white. color-mix() makes browsers report it as
  // color(srgb red green blue). The transition ends when it has changed, and the animation when the
  // element is displayed again; `live` then sends the color to the frame.
  //
  // #room::before is for containers that shrink to fit their content: it gives them a width, which an
  // iframe of 100% does not.
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

    // Also called by `retry`, perhaps before the element is in a page.
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

    // An ATS whose request needs more than headers may replace it, on one element or on the prototype,
    // which has no `retry`.
    get request() {
      return this.own ?? ask
    }

    set request(own) {
      this.own = own
      this.retry?.()
    }
  }

  // The usual `request`. `this` is the element.
  function ask() {
    try {
      const url = new URL(this.getAttribute("session-url") || "about:", document.baseURI)
      const headers = JSON.parse(this.getAttribute("session-headers") ?? "{}")
      if (url.origin === origin && !Array.isArray(headers)) return new Request(url, { method: "POST", headers })
    } catch {}
    stop("refused", `session-url must be on ${origin}, and session-headers a JSON object`)
  }

  // Shows the report in the element `host` until `signal` aborts, when the element leaves the page.
  //
  // `pending` is a frame that has not sent a message yet. `resume` ends the pause before the next
  // attempt. `canWake`: whether it may end when the browser is online again, or the page visible.
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

    // Starts when the element is less than half a screen away.
    const near = new IntersectionObserver((entries) => {
      if (!entries.at(-1).isIntersecting) return
      near.disconnect()
      run()
    }, { rootMargin: "50%" })

    const on = (target, types, listener) =>
      types.forEach((type) => target.addEventListener(type, listener, { signal }))
    on(window, ["online", "visibilitychange"], () => canWake && resume())
    // Requests that fail because the page is left are not reported. Firefox aborts them before pagehide.
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
        // While there is a frame to look at, the first failure of an outage is not reported.
        if (!isLeft && (failures || !view.frame || !isOutage)) say(reason, error)
        isLeft = false
        await new Promise((resolve) => {
          resume = resolve
          // A random part, so that not all pages try again at the same moment.
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
      // A new session continues where the last one was: see `path` in frame.js.
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

    // In another document the style sheet cannot be adopted, and `open` refuses.
    if (host.ownerDocument === document) {
      root.adoptedStyleSheets = [STYLE]
      near.observe(room)
    } else run()
  }

  // The address in session-url's answer. If there was a frame, its address is `before`, and the origin
  // must not have changed.
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
