@echo off
rem SPDX-License-Identifier: Apache-2.0
rem Puts "Protect with Vernis" into the Send to menu of this user; with /remove takes it out again.
setlocal EnableExtensions DisableDelayedExpansion
set "target=%APPDATA%\Microsoft\Windows\SendTo\Protect with Vernis.bat"
if /i "%~1"=="/remove" goto remove
if not exist "%~dp0vernis-drop.bat" goto missing
>"%target%" echo @"%~dp0vernis-drop.bat" %%*
if errorlevel 1 exit /b 1
echo "Protect with Vernis" is in the Send to menu.
exit /b 0
:remove
if exist "%target%" del "%target%"
exit /b 0
:missing
echo vernis-drop.bat has to lie beside this file.
exit /b 1
