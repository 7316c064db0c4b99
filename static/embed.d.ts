// Types for https://…/embed.js. Copy it into your project, or refer to it from there.

export type CandidateIntelligenceState = "idle" | "running" | "open" | "closed" | "expired"

/** Why no session could be opened or shown. Only `unreachable` makes the element try again by itself. */
export type CandidateIntelligenceReason = "unauthenticated" | "forbidden" | "refused" | "unreachable"

/** The attributes, for JSX. */
export interface CandidateIntelligenceAttributes {
  /** A path of the page's own origin that answers `{"embed_url": "…"}` to a POST. */
  "session-url": string
  /** A JSON object of headers for that POST. */
  "session-headers"?: string
  request?: CandidateIntelligenceElement["request"]
  ref?:
    | ((element: CandidateIntelligenceElement | null) => void)
    | { current: CandidateIntelligenceElement | null }
    | null
}

export interface CandidateIntelligenceEventMap {
  "ci-state": CustomEvent<{ state: CandidateIntelligenceState }>
  "ci-error": CustomEvent<{ reason: CandidateIntelligenceReason; error: Error }>
  "ci-resize": CustomEvent<{ height: number }>
  "ci-activity": CustomEvent<Record<string, never>>
}

declare global {
  interface CandidateIntelligenceElement extends HTMLElement {
    /** Makes the request to `session-url`. Set it if your backend needs more than headers. */
    request: () => Request | Promise<Request>
  }

  interface HTMLElementTagNameMap {
    "candidate-intelligence": CandidateIntelligenceElement
  }

  // The events bubble.
  interface HTMLElementEventMap extends CandidateIntelligenceEventMap {}
  interface DocumentEventMap extends CandidateIntelligenceEventMap {}
  interface WindowEventMap extends CandidateIntelligenceEventMap {}
}

// For React 19. Projects without React do not need its types for this.
declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "candidate-intelligence": CandidateIntelligenceAttributes & { [attribute: string]: unknown }
    }
  }
}
