// What the pages of all frameworks share: three candidates, an address for each, and a theme.
export const MARA = "test_existing"
export const JONAS = "test_existing.2"
export const LENA = "test_existing.3"

export const goTo = (candidate) => {
  history.pushState(candidate, "", `?candidate=${candidate}`)
  dispatchEvent(new PopStateEvent("popstate", { state: candidate }))
}

export const onRoute = (show) => {
  const listener = ({ state }) => show(state ?? MARA)
  addEventListener("popstate", listener)
  return () => removeEventListener("popstate", listener)
}

export const switchTheme = () => document.documentElement.classList.toggle("dark")
