// Types for https://…/embed.js. Copy it into your project, or refer to it from there.

export type CandidateIntelligenceState = "idle" | "running" | "open" | "closed" | "expired"

export interface CandidateIntelligenceEventMap {
  "ci-state": CustomEvent<{ state: CandidateIntelligenceState }>
  "ci-error": CustomEvent<{ error: Error }>
  "ci-resize": CustomEvent<{ height: number }>
  "ci-activity": CustomEvent<Record<string, never>>
}

declare global {
  interface CandidateIntelligenceElement extends HTMLElement {
    /** How the ATS is asked for a session. Override it to send more than its cookies. */
    request(): Request | Promise<Request>
  }

  interface HTMLElementTagNameMap {
    "candidate-intelligence": CandidateIntelligenceElement
  }

  // The events bubble.
  interface HTMLElementEventMap extends CandidateIntelligenceEventMap {}
  interface DocumentEventMap extends CandidateIntelligenceEventMap {}
  interface WindowEventMap extends CandidateIntelligenceEventMap {}
}
