@echo off
rem SPDX-License-Identifier: Apache-2.0
rem Drop pictures or folders on this file, or on a link to it in the folder that shell:sendto opens.
rem Results go beside each picture, as NAME.protected.EXT; options stand in vernis-drop.txt beside this file, one line.
rem Windows hands over at most 8191 characters of names: for hundreds of pictures drop their folder.
setlocal EnableExtensions DisableDelayedExpansion
chcp 65001 >nul
set "here=%~dp0"
set "list=%TEMP%\vernis-%RANDOM%%RANDOM%.txt"
set "options="
if exist "%here%vernis-drop.txt" set /p options=<"%here%vernis-drop.txt"
if "%~1"=="" goto usage
type nul >"%list%"
:next
if "%~1"=="" goto work
set "name=%~f1"
setlocal EnableDelayedExpansion
>>"!list!" echo(!name!
endlocal
shift
goto next
:work
set "program=%here%vernis.exe"
if not exist "%program%" set "program=vernis.exe"
"%program%" protect --files-from "%list%" -r --resume %options%
set "status=%ERRORLEVEL%"
del "%list%"
echo(
if "%status%"=="0" echo All pictures are protected.
if "%status%"=="1" echo Some pictures could not be protected; the others are done.
if "%status%"=="2" echo Nothing was done.
if "%status%"=="3" echo There was nothing to do: all of it is protected already.
if "%status%"=="4" echo Protected; where the aim was not met, it says so above.
if "%status%"=="130" echo Stopped. Nothing is half-written.
pause
exit /b %status%
:usage
echo Drop pictures or folders on this file.
pause
exit /b 2
