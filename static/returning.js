// Shows a link to the profile when the session has expired, if the referrer is the profile's address.
// Under the usual policy it is only the ATS's origin. The loader needs no link, because it opens a new
// session by itself.
{
  const offer = () => {
    const place = document.getElementById("ci-return")
    // The link is loaded into the top window, so that must be the parent.
    if (!place || parent === self || parent !== top || !document.referrer) return
    const profile = new URL(document.referrer)
    if (profile.origin === location.origin || profile.pathname === "/") return
    place.firstElementChild.href = profile
    place.hidden = false
  }

  document.addEventListener("htmx:after:swap", offer)
  offer()
}
