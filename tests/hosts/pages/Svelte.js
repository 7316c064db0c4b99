import { hydrate } from "svelte"
import { render as renderToHtml } from "svelte/server"
import Profile from "./Profile.svelte"

export const render = (csrfToken) => renderToHtml(Profile, { props: { csrfToken } }).body
export const start = (target, csrfToken) => hydrate(Profile, { target, props: { csrfToken } })
