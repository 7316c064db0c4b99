// The widget comes back by itself as soon as it can. Until then the page stays still, so that
// nothing is read out over and over.
{
  const RETRY_SECONDS = 5

  setInterval(async () => {
    const { ok } = await fetch(location).catch(() => ({}))
    if (ok) location.replace(location)
  }, RETRY_SECONDS * 1000)
}
