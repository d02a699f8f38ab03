# C modules of this repository (plugins/NAME, tests/plugins/NAME): built
# against the SDK's headers alone into build/plugins and build/test-plugins.
