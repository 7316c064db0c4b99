// Loads the widget as soon as it answers. Until then the page is not reloaded, so that a screen reader
// does not read it out again and again.
{
  const RETRY_SECONDS = 5

  setInterval(async () => {
    const page = await fetch(location).then((answer) => answer.text()).catch(() => "")
    if (page.includes('id="candidate-intelligence"')) location.replace(location)
  }, RETRY_SECONDS * 1000)
}
