// Checked, not run: what embed.d.ts says about the element to React's JSX.
import "./build/embed"

export const right = (
  <candidate-intelligence
    className="report"
    session-url="/candidates/42/intelligence-session"
    session-headers="{}"
    ref={(element) => {
      if (!element) return
      element.request = () => new Request("/", { method: "POST" })
      element.addEventListener("ci-state", ({ detail }) => detail.state === "open")
    }}
  />
)

const held = { current: null as CandidateIntelligenceElement | null }
export const referred = <candidate-intelligence session-url="/session" ref={held} />

// @ts-expect-error
export const wrong = <candidate-intelligence session-url={42} />
