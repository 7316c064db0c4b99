// Shows times in the reader's time zone. The server writes them in UTC.
{
  const FORMAT = { year: "numeric", month: "long", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" }

  const localize = () => {
    const format = new Intl.DateTimeFormat(document.documentElement.lang, FORMAT)
    // A time such as "3 days ago" has the exact moment in its title.
    for (const time of document.querySelectorAll("time")) {
      const words = format.format(new Date(time.dateTime))
      if (time.title) time.title = words
      else time.textContent = words
    }
  }

  document.addEventListener("htmx:after:swap", localize)
  localize()
}
