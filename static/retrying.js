// The widget comes back by itself as soon as it can. Until then the page stays still, so that
// nothing is read out over and over.
{
  const RETRY_SECONDS = 5

  setInterval(async () => {
    const page = await fetch(location).then((answer) => answer.text()).catch(() => "")
    if (page.includes('id="candidate-intelligence"')) location.replace(location)
  }, RETRY_SECONDS * 1000)
}
