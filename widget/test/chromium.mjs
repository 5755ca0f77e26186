// Starts the system's Chromium: CHROMIUM names another one.

import { chromium } from "playwright-core";

/** A headless browser. The sandbox needs privileges that containers lack, and the tests load only our own pages. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
}
