document.addEventListener("click", ({ target }) => target.closest("#ci-print") && print())
