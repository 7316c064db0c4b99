// Asks for the widget until it answers, and then loads it. The page is not reloaded before, because a
// screen reader would read it out each time.
{
  const RETRY_SECONDS = 5

  setInterval(async () => {
    const page = await fetch(location).then((answer) => answer.text()).catch(() => "")
    if (page.includes('id="candidate-intelligence"')) location.replace(location)
  }, RETRY_SECONDS * 1000)
}
