import { createSSRApp } from "vue"
import { renderToString } from "vue/server-renderer"
import Profile from "./Profile.vue"

export const render = (csrfToken) => renderToString(createSSRApp(Profile, { csrfToken }))
export const start = (root, csrfToken) => createSSRApp(Profile, { csrfToken }).mount(root)
