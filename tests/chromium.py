"""The Chromium of the tests: the one that users have, without the parts of its window that no page sees."""

from playwright.sync_api import Browser, Playwright

# Each window keeps two hidden pages ready for its address bar, which cost more than the page under test, and a
# process for the next page, which is thrown away with the context.
_UNSEEN = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "SpareRendererForSitePerProcess")
# Playwright switches these off by itself, but of two such arguments only the last one counts.
_OFF_BY_PLAYWRIGHT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
)
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--allow-loopback-in-peer-connection",
    f"--disable-features={','.join((*_UNSEEN, *_OFF_BY_PLAYWRIGHT))}",
)


def launch_chromium(driver: Playwright) -> Browser:
    return driver.chromium.launch(executable_path="/usr/bin/chromium", args=_ARGUMENTS)
