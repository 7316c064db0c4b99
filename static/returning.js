// An expired view leads back to the profile where the browser says which page that is: by default, pages
// keep all but their origin to themselves. With the loader around the frame, a new session comes by itself.
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
