"""What all tests share; the fixture `golden` comes from the plugin that mixeur installs."""

pytest_plugins = ["pytester"]
