// Builds the islands into ../assets/islands, which the binary embeds. Names carry no hash: the server adds one to the
// addresses it writes, and answers the rest by their tag.
import { defineConfig } from "vite";

export default defineConfig({
  base: "/assets/islands/",
  build: {
    outDir: "../assets/islands",
    emptyOutDir: true,
    target: "es2020",
    modulePreload: false,
    license: { fileName: "licences.md" },
    chunkSizeWarningLimit: 1400,
    rollupOptions: {
      input: { main: "src/main.ts", first: "src/first.ts" },
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "[name].js",
        assetFileNames: "[name][extname]",
      },
    },
  },
});
