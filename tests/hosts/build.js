// Builds a page for each framework around the component that docs/frameworks.md shows:
// build/NAME.js, and build/NAME.html with what a server would have rendered of it.
//
// A page imports the component from "docs": the first piece of code in the framework's section, or,
// for build/NAME-request.js, the second. All is built for development, where frameworks complain.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { build } from "esbuild"
import { compile } from "svelte/compiler"
import { compileScript, parse } from "vue/compiler-sfc"

const HERE = import.meta.dirname
const OUT = `${HERE}/build`
const DOCS = readFileSync(`${HERE}/../../docs/frameworks.md`, "utf8")

// The server puts the visitor's token in its place.
const TOKEN = "CSRF_TOKEN"

const COMPONENTS = { React: "jsx", Vue: "vue", Svelte: "svelte", Angular: "ts" }
const RENDERED = ["React", "Vue", "Svelte"]

// From a single-file component to a module, for the browser or for the server.
const COMPILERS = {
  vue(source, filename, server) {
    const compilerOptions = { isCustomElement: (tag) => tag === "candidate-intelligence" }
    const { descriptor } = parse(source, { filename, templateParseOptions: compilerOptions })
    const templateOptions = { ssr: server, ssrCssVars: [], compilerOptions }
    return compileScript(descriptor, { id: filename, inlineTemplate: true, templateOptions }).content
  },
  svelte: (source, filename, server) =>
    compile(source, { filename, generate: server ? "server" : "client", dev: !server }).js.code,
}

const snippets = (framework, language) => {
  const section = DOCS.split(/^## /m).find((text) => text.startsWith(`${framework}\n`))
  return [...section.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map(([, code]) => code)
}

const components = (snippet, language, server) => ({
  name: "components",
  setup({ onResolve, onLoad }) {
    const load = (source, path) => {
      const compiler = COMPILERS[language]
      return compiler
        ? { contents: compiler(source, path, server), loader: "js", resolveDir: `${HERE}/pages` }
        : { contents: source, loader: language, resolveDir: HERE }
    }
    onResolve({ filter: /^docs$/ }, ({ path }) => ({ path, namespace: "docs" }))
    onLoad({ filter: /./, namespace: "docs" }, () => load(snippet, `docs.${language}`))
    onLoad({ filter: /\.(vue|svelte)$/ }, ({ path }) => load(readFileSync(path, "utf8"), path))
  },
})

const bundle = (framework, name, snippet, server) =>
  build({
    stdin: {
      contents: server
        ? `export { render } from "./${framework}"`
        : `import { start } from "./${framework}"
           start(document.querySelector("#app"), document.querySelector("meta[name=csrf-token]").content)`,
      resolveDir: `${HERE}/pages`,
    },
    outfile: `${OUT}/${name}${server ? ".server" : ""}.js`,
    bundle: true,
    format: "esm",
    platform: server ? "node" : "browser",
    packages: server ? "external" : "bundle",
    conditions: ["development"],
    define: {
      "process.env.NODE_ENV": '"development"',
      __VUE_OPTIONS_API__: "true",
      __VUE_PROD_DEVTOOLS__: "false",
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "true",
    },
    jsx: "automatic",
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: false } },
    plugins: [components(snippet, COMPONENTS[framework], server)],
    logLevel: "warning",
  })

mkdirSync(OUT, { recursive: true })
// As docs/embed.md says. From its own place, TypeScript would not find React's types.
copyFileSync(`${HERE}/../../static/embed.d.ts`, `${OUT}/embed.d.ts`)
for (const [framework, language] of Object.entries(COMPONENTS)) {
  for (const [number, snippet] of snippets(framework, language).entries()) {
    const name = framework.toLowerCase() + (number ? "-request" : "")
    await bundle(framework, name, snippet, false)
    let html = ""
    if (RENDERED.includes(framework)) {
      await bundle(framework, name, snippet, true)
      const { render } = await import(`${OUT}/${name}.server.js`)
      html = await render(TOKEN)
    }
    writeFileSync(`${OUT}/${name}.html`, html)
  }
}
