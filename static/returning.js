// Links an expired view to the profile, if the browser tells which page that is: most pages send only
// their origin as the referrer. The loader needs no link, because it opens a new session by itself.
{
  const offer = () => {
    const place = document.getElementById("ci-return")
    if (!place || parent === self || parent !== top || !document.referrer) return
    const profile = new URL(document.referrer)
    if (profile.origin === location.origin || profile.pathname === "/") return
    place.firstElementChild.href = profile
    place.hidden = false
  }

  document.addEventListener("htmx:after:swap", offer)
  offer()
}
