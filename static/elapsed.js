// Counts the elapsed time up between polls, from the seconds that the last response contains.
{
  let shown = null

  setInterval(() => {
    const time = document.getElementById("ci-elapsed")
    if (!time) return (shown = null)
    const said = Number(time.dataset.elapsed)
    if (!shown || shown.said !== said) shown = { said, at: performance.now() }
    const seconds = said + Math.floor((performance.now() - shown.at) / 1000)
    time.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`
  }, 1000)
}
