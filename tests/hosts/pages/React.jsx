import { Activity, useEffect, useState } from "react"
import { hydrateRoot } from "react-dom/client"
import { renderToString } from "react-dom/server"
import { CandidateIntelligence } from "docs"
import { MARA, JONAS, LENA, goTo, onRoute, switchTheme } from "./ats.js"

function Profile({ csrfToken }) {
  const [candidate, setCandidate] = useState(MARA)
  const [tab, setTab] = useState("report")
  const [glance, setGlance] = useState(false)
  const [state, setState] = useState("")
  useEffect(() => onRoute(setCandidate), [])
  return (
    <>
      <nav>
        <button onClick={() => goTo(MARA)}>Mara</button>
        <button onClick={() => goTo(JONAS)}>Jonas</button>
        <button onClick={() => setTab("report")}>Report</button>
        <button onClick={() => setTab("cv")}>CV</button>
        <button onClick={() => setGlance(true)}>Glance at Lena</button>
        <button onClick={switchTheme}>Theme</button>
        <output>{state}</output>
      </nav>
      <Activity mode={tab === "report" ? "visible" : "hidden"}>
        <CandidateIntelligence candidateId={candidate} csrfToken={csrfToken} onState={setState} />
      </Activity>
      {tab === "cv" && <p>Ten years of assembly</p>}
      {glance && (
        <dialog ref={(dialog) => dialog?.showModal()} onClose={() => setGlance(false)}>
          <form method="dialog"><button>Done</button></form>
          <CandidateIntelligence candidateId={LENA} csrfToken={csrfToken} onState={() => {}} />
        </dialog>
      )}
    </>
  )
}

export const render = (csrfToken) => renderToString(<Profile csrfToken={csrfToken} />)
export const start = (root, csrfToken) => hydrateRoot(root, <Profile csrfToken={csrfToken} />)
